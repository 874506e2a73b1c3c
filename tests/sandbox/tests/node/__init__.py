"""Tests of the sandbox's node: pure parts by themselves, Pods on a sandbox of their own."""

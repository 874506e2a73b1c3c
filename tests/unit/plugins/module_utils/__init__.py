"""Tests of plugins/module_utils/."""

"""What a mesh test acts on: a cluster, who may do what on it, the installed mesh, models, their traffic, and callers inside."""

"""What tests share: a model of a cluster, models, recorded answers, an HTTP server."""

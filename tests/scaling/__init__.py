"""Workers added and removed as Kubernetes would, by the ScaledObject of deploy/kubernetes, on a real broker's lag."""

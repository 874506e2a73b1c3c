"""Pure code, without a cluster; folders mirror plugins/."""

"""What a site's texts say: from each format to one small tree, and from the tree to every surface."""

"""What must hold in the sources, and in what the runs made of them."""

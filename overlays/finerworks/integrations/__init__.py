"""What makes other packages work with finerworks: a module for each, which needs its extra."""

"""What points are spent on and earned by: the reward catalogue, earn templates, and signed tokens."""

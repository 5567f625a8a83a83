"""What Regulars means: one package per feature, each with model, rules, store and actions."""

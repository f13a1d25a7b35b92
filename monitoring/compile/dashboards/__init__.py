"""From boards as data to Grafana: queries, scales, variables, the grid, one renderer."""

"""The cellar: what every room stands on and nothing of the business."""

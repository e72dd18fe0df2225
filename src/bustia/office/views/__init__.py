"""The pages, a module a section; what they show and do is the services' business."""

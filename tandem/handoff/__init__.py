"""The seam: what makes a lead, how it is offered, both clocks, the verdict and the answer."""

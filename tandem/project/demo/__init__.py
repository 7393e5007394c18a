"""The demo company: "Thistle & Tin Trading", a gift-ware wholesaler, simulated with a fixed seed.

``world`` invents it and knows what is true of it, ``past`` writes what has happened so far, and
``seed`` brings in what is there today through the same actions as real input.
"""

# Level 3: threads for work that would block a hub.

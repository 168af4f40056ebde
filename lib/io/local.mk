# Level 4: input and output in blocking style.

"""The paper's figures and ours, each a function of artefacts; drawn with matplotlib."""

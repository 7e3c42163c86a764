"""Pretraining segments of a genome, in the order in which optimiser steps see them."""

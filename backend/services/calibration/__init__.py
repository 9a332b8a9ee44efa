"""Calibration on own traffic: what the large model gains is sampled, learned from, and watched."""

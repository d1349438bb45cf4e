"""A comparison's table as the thesis lays it out. No torch: from tables alone.

layout      rows x samplers, means and intervals over seeds, what the codes are like
published   what the thesis and its sources print
"""

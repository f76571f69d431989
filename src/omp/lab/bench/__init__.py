"""`omp bench`: what the engine costs, beside engines that were written elsewhere.

Every contestant answers the same question on the same bars; equal answers are asserted before a
clock starts. All run in one process, in turn, and CPU time is what counts.
"""

"""Hours of use in minutes: does anything grow, leak, overrun or hang?"""

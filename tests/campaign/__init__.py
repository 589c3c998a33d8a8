"""The campaign: the product and a control (`tests.control`) under the same load and the same harm, and what each says
afterwards against what providers, senders and programs saw. `make campaign` runs the long form.
"""

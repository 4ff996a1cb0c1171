"""The notebooks for Jupyter, Colab and Binder."""

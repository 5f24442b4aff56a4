"""The paper's table from one configuration: what each part of a network and its labels brings."""

"""One case's life retold from the compiled rules' own text: nothing here writes a rule of the model a second time."""

"""What follows in public: abuse that comes to light, people who fall silent or take cover, legislatures, and who joins a treaty."""

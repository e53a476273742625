"""Critical ECGs 心电危急值: the counties' lists as versioned data, and what of them a computer can suspect."""

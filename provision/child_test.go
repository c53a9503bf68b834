package provision_test

const childVariable = "OFFSHOOT_TEST_CHILD"

func child() int { return 2 }

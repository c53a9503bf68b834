package ec2

// CallerAddress is what finds this computer's address.
var CallerAddress = callerAddress

// SSHPort is where a machine's own SSH server listens.
const SSHPort = sshPort

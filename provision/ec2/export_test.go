package ec2

// CallerAddress is what finds this computer's address.
var CallerAddress = callerAddress

// SSHPort is where a machine's own SSH server listens.
const SSHPort = sshPort

// Ready is where the bootstrap of its machines leaves its marks.
func (p *Provider) Ready() string { return p.options.Ready }

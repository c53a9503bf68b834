package mask

// golden is what the key "golden" makes of the values of a test.
var golden = map[string]string{
	"name": "Savannah Lin", "email": "aron.jones.9nfansmib6c6yxeu@example.net", "phone": "+49 684 7804260",
	"iban": "DE04974429969229562557", "card": "4596 2560 0394 3115", "uuid": "ab0d7f0b-9988-10bc-84e3-d232390ab860",
	"ip": "58.19.94.30", "mac": "34:3b:ce:7e:6a:28", "text": "Jfloöm 09e", "token": "9nqbnw3wir7iw64b",
	"hash": "f63cdbecb8ffddbff127158951d4447a",
}

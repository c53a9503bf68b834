package mask

import "strings"

// topic is one kind of personal data: what columns that hold it are called,
// and how it is masked. Words are in lower case without accents, in English,
// German, French, Spanish, Portuguese, Italian and Dutch; a word of several is
// written as one.
type topic struct {
	name  string
	as    string // the transformer, where it takes the column's type
	words string // a column is called so, or has it in its name
	alone string // a column is called so and nothing else, or the table holds people
	// ofThings says that a word for a thing in front makes it harmless: product_name.
	ofThings bool
	holds    []class // types beside text that can hold it
}

func topics() []topic {
	numbers := []class{integer, decimal}
	return []topic{
		{
			name: "first name", as: "first_name",
			words: `firstname givenname forename middlename fname vorname rufname zweitname prenom deuxiemeprenom primernombre
			segundonombre nombrepila nombredepila primeironome nomeproprio nomedebatismo voornaam nickname spitzname surnom apodo apelido1 nickn alternatename`,
		},
		{
			name: "last name", as: "last_name",
			words: `lastname surname familyname maidenname lname nachname familienname geburtsname maedchenname nomdefamille
			nomfamille nomdenaissance nomnaissance nomdejeunefille apellido apellidos primerapellido segundoapellido sobrenome ultimonome apelido apelidos cognome achternaam mothersmaidenname`,
		},
		{
			name: "name", as: "name", ofThings: true,
			words: `fullname realname personname customername clientname username2 contactname holdername cardholder cardholdername accountholder
			accountholdername employeename patientname authorname ownername membername guestname recipientname sendername payername payeename beneficiaryname
			beneficiary parentname guardianname emergencycontact displayname billingname shippingname legalname vollername vollstaendigername kundenname
			ansprechpartner kontoinhaber karteninhaber mitarbeitername empfaenger empfaengername absendername notfallkontakt nomcomplet nomclient
			nomducli titulaire titulairecompte nomdestinataire destinataire nombrecompleto nombrecliente titular titulardelacuenta titularcuenta destinatario
			nomecompleto nomecliente nomedocliente titulardaconta nomdumari conjointnom namensvollstaendig nomemae nomedamae nomedopai nomepai nomecognome
			intestatario rekeninghouder contactpersoon contactpersonen spousename signedby partnername visitorname callername requestername participantname attendeename accountowner ccowner cardowner commentauthor nicename usernicename unterschrift firma2 inhaber`, alone: `name nom nombre nome naam signature`,
		},
		{
			name: "email", as: "email",
			words: `email emailaddress mail mailaddress emailadresse mailadresse courriel adressemail adressecourriel adresseemail correo correoelectronico
			direccioncorreo emailcontacto enderecoemail correioeletronico eposta epost emails mailto replyto emailadres indirizzoemail correos emailaddr`,
		},
		{
			name: "phone", as: "phone", holds: numbers,
			words: `phone phonenumber phoneno telephone tel telno mobile mobilenumber mobilephone cell cellphone cellnumber landline homephone workphone fax faxnumber
			whatsapp telefon telefonnummer telefonnr handy handynummer handynr mobil mobilnummer mobiltelefon festnetz faxnummer rufnummer telephonenumber numerotelephone numtel
			numerodetelephone telmobile telfixe portable numeroportable telefono telefonomovil movil celular numerocelular numerodetelefono telefone telemovel
			telefonefixo numerotelefone cellulare telefoonnummer telefoon mobiel gsm contactnumber phones msisdn dialnumber`,
		},
		{
			name: "street", as: "street",
			words: `street streetaddress streetname streetline addressline addressline1 addressline2 addressline3 address1 address2 address3 addr1 addr2 housenumber houseno
			strasse strassenname hausnummer hausnr strassehausnr adresszeile rue numerorue numrue voie adresseligne1 adresse1 adresse2 calle numerocalle direccion1
			rua logradouro numerodacasa via indirizzovia straat straatnaam huisnummer complemento`,
		},
		{
			name: "address", as: "address", ofThings: true,
			words: `address fulladdress homeaddress postaladdress mailingaddress billingaddress shippingaddress deliveryaddress residence addr adresse anschrift wohnadresse
			lieferadresse rechnungsadresse wohnort adressepostale adressedomicile adresselivraison adressefacturation domicile direccion direccionpostal
			direccionenvio direccionfacturacion domicilio endereco enderecoentrega enderecocobranca morada residencia indirizzo adres woonadres bezorgadres`,
		},
		{
			name: "postcode", as: "postcode", holds: []class{integer},
			words: `postcode zip zipcode postalcode plz postleitzahl codepostal cp codigopostal cep codigopostal2 cap postnummer addresspostalcode`,
		},
		{
			name: "city", as: "city",
			words: `homecity billingcity shippingcity birthcity cityofbirth placeofbirth birthplace geburtsort lieudenaissance lugardenacimiento lugarnacimiento localdenascimento
			naturalidade luogodinascita villenaissance geboorteplaats`, alone: `city town ort stadt ville commune ciudad localidad poblacion cidade localidade citta plaats woonplaats county`,
		},
		{
			name: "date of birth", as: "shift", holds: []class{date, timestamp, integer},
			words: `birthdate birthday dateofbirth dob birthyear yearofbirth bornon bornat geburtsdatum geburtstag gebdatum geburtsjahr datedenaissance datenaissance anneenaissance
			fechanacimiento fechadenacimiento fecnac cumpleanos datanascimento datadenascimento dtnascimento nascimento aniversario datadinascita geboortedatum birth dateofdeath deathdate diedon`, alone: `born`,
		},
		{
			name: "national number", as: "text", holds: numbers,
			words: `ssn socialsecurity socialsecuritynumber socialsecurityno nationalid nationalidnumber nationalinsurance nationalinsurancenumber insuranceno idnumber identificationnumber identificationid passportid ssnid vat taxvat siren siret nino sin taxid taxnumber taxpayerid tin ein passport passportnumber
			passportno idcard idcardnumber driverlicense driverslicense drivinglicence drivinglicense licensenumber steuernummer steuerid steueridnr svnr sozialversicherungsnummer
			rentenversicherungsnummer personalausweis ausweisnummer reisepass reisepassnr passnummer fuehrerschein fuehrerscheinnummer krankenversicherungsnummer
			numerosecuritesociale numerosecu nir numsecu passeport numeropasseport cni carteidentite permisconduire nif nie dni cif pasaporte numeropasaporte
			numeroseguridadsocial seguridadsocial cedula curp rfc rut cpf rg cnpj nis pis pispasep numerocontribuinte passaporte cartaodecidadao bi
			codicefiscale bsn burgerservicenummer npi npinumber deanumber mrn medicalrecordnumber recordnumber personsourcevalue patientidentifier vatid insurancenumber healthinsurancenumber matricule licenseplate kennzeichen plaqueimmatriculation matricula`, alone: `dea`,
		},
		{
			name: "bank account", as: "iban", holds: numbers,
			words: `iban bankaccount bankaccountnumber accountnumber routingnumber sortcode bic swift kontonummer bankverbindung bankleitzahl blz compteb comptebancaire numerocompte rib
			cuentabancaria numerocuenta numerodecuenta ccc contabancaria numeroconta numerodaconta nib contocorrente rekeningnummer acctno accountno`,
		},
		{
			name: "card", as: "card", holds: numbers,
			words: `creditcard creditcardnumber cardnumber cardno ccnumber ccnum debitcard pan cvv cvc cvv2 cardcvc kreditkarte kreditkartennummer kartennummer cartebancaire
			numerocarte cartecredit tarjeta tarjetacredito numerotarjeta cartaocredito numerocartao cartadicredito creditcardno cardlast4 last4 cclast4 cclast lastdigits lastfour last4digits`,
		},
		{
			name: "credential", as: "hash", ofThings: true, holds: []class{bytea, uuid},
			words: `password passwd pwd passwordhash passworddigest encryptedpassword hashedpassword passphrase secret secretkey clientsecret apikey apitoken accesstoken refreshtoken authtoken
			sessiontoken resettoken resetpasswordtoken confirmationtoken privatekey otpsecret totpsecret twofactorsecret recoverycode recoverycodes pin pincode
			securityanswer securityquestion rememberToken remembertoken passwort kennwort passwortha passworthash geheimnis motdepasse mdp motdepassehash contrasena contrasenia clave clavesecreta
			senha senhahash palavrapasse wachtwoord sessionid cookie bearertoken token salt passwordsalt webhooksecret backupcode backupcodes userpass passcrypted passcrypt cryptedpass activationkey
			hmackey hmacsecret signingkey signingsecret encryptionkey sessionkey masterkey privatekeypem otpcode otpcodes authcode authorizationcode verificationcode smscode mfacode
			logincode resetcode confirmationcode activationcode devicecode p256dh keyp256dh keyauth authkey devicecookie sessioncookie authcookie`,
			alone: `pass`,
		},
		{
			name: "username", as: "username",
			words: `username loginname login userlogin screenname userhandle twitterhandle skype skypeid twitter facebookid instagram telegram telegramid linkedin discordid githublogin
			benutzername nutzername anmeldename identifiant nomutilisateur pseudo pseudonyme nombreusuario nombredeusuario usuario nomeusuario nomedeusuario
			nomeutente gebruikersnaam slackid loginid authuid oauthuid oauthid matrixuserid matrixid googleid githubid twitterid discordid steamid whatsappid externaluserid`, alone: `handle`,
		},
		{
			name: "network address", as: "ip", holds: []class{inet, cidr},
			words: `ip ipaddress ipaddr ipv4 ipv6 remoteip clientip userip lastip loginip signinip currentsigninip lastsigninip remoteaddr remoteaddress ipadresse
			adresseip direccionip enderecoip indirizzoip ipadres xforwardedfor sourceip hostip registrationip signupip`,
		},
		{
			name: "device", as: "mac", holds: []class{integer, uuid},
			words: `macaddress macaddr macadresse deviceid imei imsi udid devicetoken pushtoken fcmtoken advertisingid idfa serialdevice geraetenummer geraeteid
			useragent browserfingerprint`,
		},
		{
			name: "location", as: "noise", holds: numbers,
			words: `latitude longitude lat lng lon latlng geolocation gpslat gpslng gpslon coordinates geopoint breitengrad laengengrad coordonnees latitud longitud coordenadas homelocation lastlocation`, alone: `location`,
		},
		{
			name: "money of a person", as: "noise", holds: numbers,
			words: `salary wage income annualincome netsalary grosssalary creditscore gehalt lohn einkommen bruttogehalt nettogehalt salaire revenu salairebrut salairenet
			salario sueldo ingresos renda ordenado stipendio salaris creditlimit networth`,
		},
		{
			name: "health and belief", as: "text",
			words: `diagnosis medicalhistory bloodtype allergies medication disability religion ethnicity race politicalparty sexualorientation gender sex maritalstatus marital nationality causeofdeath
			diagnose krankheit blutgruppe behinderung konfession geschlecht familienstand staatsangehoerigkeit nationalitaet diagnostic groupesanguin
			religionpratiquee sexe situationfamiliale etatcivil nationalite diagnostico gruposanguineo alergias sexo estadocivil nacionalidad
			genero raca nacionalidade religiao tiposanguineo handicap healthcondition illness pronouns`,
		},
		{
			name: "picture or print", as: "bytes", ofThings: true, holds: []class{bytea},
			words: `photo avatar portrait profilepicture profilephoto profileimage faceimage fingerprint biometric facetemplate signatureimage passfoto profilbild fotografia
			photoidentite photoprofil fotoperfil huella impressaodigital selfie mugshot picture`,
		},
		{
			name: "free text about a person", as: "scrub", ofThings: true,
			words: `biography bio aboutme personalnote privatenote medicalnotes customernotes callnotes privatenotes personalnotes notizen bemerkungen bemerkung remarques commentairesclient
			observaciones notasinternas anotacoes observacoes lebenslauf resume curriculum coverletter chatmessage messagebody emailbody mailbody recipients recipientshidden bcc`, alone: `notes note message body comment kommentar remarque observacion transcript`,
		},
		{
			name: "web page", as: "url",
			words: `homepage personalwebsite linkedinurl facebookurl twitterurl profileurl githuburl avatarurl photourl personalurl siteweb webseite paginapersonal websiteurl`, alone: `website`,
		},
		{
			name: "company", as: "company",
			words: `employer companyname employername arbeitgeber firmenname employeur raisonsociale empleador razonsocial empregador razaosocial werkgever`,
		},
	}
}

// people are words for tables whose rows are persons.
const people = `user users person persons people customer customers client clients contact contacts employee employees staff member members patient patients
	student students teacher teachers author authors actor actors guest guests driver drivers lead leads subscriber subscribers applicant applicants candidate
	candidates tenant_contacts owner owners profile profiles account_holders attendee attendees passenger passengers donor donors visitor visitors
	kunde kunden mitarbeiter personal personen benutzer nutzer patienten mitglied mitglieder ansprechpartner schueler
	clientes usuario usuarios persona personas empleado empleados paciente pacientes contacto contactos alumno alumnos
	utilisateur utilisateurs personne personnes employe employes salarie salaries membre membres adherent adherents
	pessoa pessoas funcionario funcionarios aluno alunos colaborador colaboradores contato contatos partner partners societe socpeople account accounts message messages mail mails chat chats ticket tickets conversation conversations cliente clienti dipendenti utenti
	klanten medewerkers gebruikers newsletter_subscribers adult child children kontakt kontakte address addresses adressen adresses direcciones enderecos`

// aside are words that make a column one about the data, not of it.
const aside = `id ids count cnt total num2 type types kind enabled verified confirmed valid validated at on2 status state template format length size version flag required optional
	opt optin optout preference preferences subscribed sent received clicked opened bounced attempts provider carrier2 label labels category
	subject color method mode sort order2 index position rank score2 changed updated created expires expiry notification notifications
	available allowed allow visible hidden default2 hash2 max min limit2 ttl rate domain class anzahl typ nombrede tipo quantidade verificado verifie bestaetigt
	column table field regex pattern mask placeholder help hint text2 key2 layout rules policy settings setting config configuration options sk strength algorithm voltage temperature pressure capacity days provider2 queue server host2 port quota`

// things are words before name, address and the like that speak of no person.
const things = `file host table column product item event category domain group role class event tag brand model job queue bucket server service process field
	index schema database image icon page menu plan package module function method device app application project task team tax currency
	city country state region street2 shop store warehouse color template theme layout font bank company2 school branch department
	memory contract wallet bitcoin email2 mac2 return base physical virtual start end produkt artikel datei tabelle gruppe produit fichier groupe
	producto articulo archivo grupo produto arquivo categoria category2 language sprache langue idioma pais film movie song album track genre playlist media
	mime web2 short long species course courses door`

// shortened are parts of names that people write instead of longer ones.
var shortened = map[string]string{
	"nm": "name", "no": "number", "nr": "number", "num": "number", "eml": "email", "mob": "mobile", "ph": "phone",
	"frst": "first", "fst": "first", "lst": "last",
	"cust": "customer", "usr": "user", "emp": "employee", "acc": "account", "acct": "account", "nat": "national",
	"ins": "insurance", "ln": "line", "addr": "address",
	"hsh": "hash", "dt": "date", "cd": "code", "pers": "person", "priv": "private",
}

// wordSet reads a list of words. A digit at the end only keeps a word from
// being found.
func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[strings.ToLower(w)] = true
	}
	return set
}

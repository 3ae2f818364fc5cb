package call

// vendorPair is whether user and password are what a product, or a guide to it, comes with: the manuals of the
// products of hospitals (OpenMRS, Orthanc, dcm4chee, Mirth Connect, OpenEMR, HAPI, Keycloak), and the pairs that lists
// of default credentials agree on (SecLists, Metasploit).
func vendorPair(user, password []byte) bool {
	var buf [64]byte
	if len(user)+len(password)+1 > len(buf) {
		return false
	}
	pair := append(append(lower(buf[:0], user), ':'), password...)
	switch string(pair) {
	case "admin:admin", "admin:Admin123", "admin:password", "admin:Password1", "admin:Password123", "admin:admin123", "admin:admin1234",
		"admin:1234", "admin:12345", "admin:123456", "admin:12345678", "admin:123456789", "admin:changeme", "admin:changeit", "admin:default",
		"admin:pass", "admin:passw0rd", "admin:P@ssw0rd", "admin:Passw0rd", "admin:secret", "admin:root", "admin:test", "admin:demo",
		"admin:letmein", "admin:welcome", "admin:qwerty", "admin:000000", "admin:0000", "admin:1111", "admin:111111", "admin:admin@123",
		"admin:Admin@123", "admin:Admin", "admin:system", "admin:manager", "admin:nimda", "admin:guest", "admin:user", "admin:",
		"admin:tomcat", "admin:adminadmin", "admin:password1", "admin:password123", "admin:administrator", "admin:openmrs", "admin:orthanc",
		"admin:hospital", "admin:keycloak", "admin:grafana", "admin:geoserver", "admin:district", "admin:master", "admin:support",
		"root:root", "root:", "root:toor", "root:password", "root:admin", "root:123456", "root:1234", "root:12345", "root:changeme",
		"root:pass", "root:calvin", "root:default", "root:secret", "root:test", "root:system", "root:mysql",
		"administrator:administrator", "administrator:admin", "administrator:password", "administrator:Password1", "administrator:",
		"administrator:123456", "administrator:P@ssw0rd",
		"superuser:superuser", "superuser:password", "superuser:Admin123", "superadmin:superadmin", "superadmin:password", "sysadmin:sysadmin",
		"sysadmin:password", "system:system", "system:manager", "system:password", "supervisor:supervisor", "operator:operator",
		"manager:manager", "manager:password", "support:support", "service:service", "service:password", "security:security",
		"orthanc:orthanc", "openmrs:openmrs", "openmrs:Admin123", "daemon:Admin123", "openemr:openemr", "admin:openemr", "mirth:mirth",
		"pacs:pacs", "pacs:password", "dcm4chee:dcm4chee", "dcm4che:dcm4che", "dicom:dicom", "hapi:hapi", "hapi:password", "fhir:fhir", "fhiruser:change-password",
		"ris:ris", "his:his", "emr:emr", "ehr:ehr", "lis:lis", "hl7:hl7", "viewer:viewer", "radiology:radiology", "imaging:imaging",
		"doctor:doctor", "doctor:doctor123", "doctor:Doctor123", "doctor:password", "nurse:nurse", "nurse:nurse123", "nurse:Nurse123",
		"nurse:password", "clerk:clerk", "clerk:Clerk123", "physician:physician", "physician:pass", "clinician:clinician", "receptionist:receptionist",
		"receptionist:pass", "accountant:accountant", "accountant:pass", "pharmacist:pharmacist", "lab:lab", "labtech:labtech", "patient:patient",
		"tomcat:tomcat", "tomcat:s3cret", "tomcat:admin", "tomcat:password", "tomcat:changethis", "both:tomcat", "role1:role1", "role1:tomcat",
		"manager:tomcat", "manager:s3cret", "j2deployer:j2deployer", "jboss:jboss", "weblogic:weblogic", "weblogic:welcome1", "wildfly:wildfly",
		"postgres:postgres", "postgres:password", "postgres:admin", "postgres:", "sa:", "sa:sa", "sa:password", "mysql:mysql", "oracle:oracle",
		"scott:tiger", "sys:change_on_install", "mongo:mongo", "mongodb:mongodb", "elastic:changeme", "elastic:elastic", "kibana:changeme",
		"rabbitmq:rabbitmq", "guest:guest", "guest:", "guest:password", "neo4j:neo4j", "couchdb:couchdb", "cassandra:cassandra", "redis:redis",
		"minio:minio123", "minioadmin:minioadmin", "nacos:nacos", "druid:druid", "activemq:activemq", "karaf:karaf", "smx:smx",
		"test:test", "test:password", "test:123456", "test:test123", "user:user", "user:password", "user:123456", "user1:user1", "demo:demo", "demo:password",
		"default:default", "anonymous:anonymous", "public:public", "backup:backup", "ftp:ftp", "web:web", "www:www", "api:api", "app:app",
		"client:secret", "ubuntu:ubuntu", "vagrant:vagrant", "pi:raspberry", "ubnt:ubnt", "cisco:cisco", "jenkins:jenkins", "gitlab:gitlab",
		"nagios:nagios", "nagiosadmin:nagios", "zabbix:zabbix", "admin:zabbix", "grafana:grafana", "sonar:sonar", "nexus:nexus", "airflow:airflow",
		"superset:superset", "solr:SolrRocks", "wordpress:wordpress", "drupal:drupal", "joomla:joomla", "cirros:gocubsgo", "hadoop:hadoop", "spark:spark":
		return true
	}
	return false
}

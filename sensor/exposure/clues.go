package exposure

import "slices"

// when says what else must hold for a clue to count.
type when uint8

const (
	always          when = iota
	half                 // with another half of the same kind and product
	inError              // in a response of status 400 or more
	first                // at the very beginning
	opensLine            // at the beginning of a line
	beforeDigit          // followed by a digit
	beforeException      // followed by the rest of the name of an exception
	beforeUser           // followed by user:password@
	beforeKey            // followed by the id of a cloud's access key
	beforeValue          // followed by a value
)

// clue is a phrase that a product writes, of at least seven bytes.
type clue struct {
	text    string
	product string
	shows   Set
	when    when
}

// clues are in the order of what names the product best: a database says more than the language above it. The
// phrases are those of the products' own sources; of the databases' many are also in sqlmap's errors.xml.
var clues = slices.Concat(databaseClues[:], pageClues[:], traceClues[:], serviceClues[:])

// databaseClues are what databases, drivers and mappers say.
var databaseClues = [...]clue{
	// PostgreSQL and its drivers
	{"unterminated quoted string at or near", "PostgreSQL", DatabaseError, always},
	{"syntax error at or near", "PostgreSQL", DatabaseError, always},
	{"unterminated quoted identifier", "PostgreSQL", DatabaseError, always},
	{"PSQLException", "PostgreSQL", DatabaseError, always},
	{"org.postgresql.", "PostgreSQL", DatabaseError, always},
	{"pg_query(", "PostgreSQL", DatabaseError, always},
	{"pg_exec(", "PostgreSQL", DatabaseError, always},
	{"PG::SyntaxError", "PostgreSQL", DatabaseError, always},
	{"PG::Undefined", "PostgreSQL", DatabaseError, always},
	{"PG::InvalidText", "PostgreSQL", DatabaseError, always},
	{"psycopg2.", "PostgreSQL", DatabaseError, always},
	{"psycopg.errors", "PostgreSQL", DatabaseError, always},
	{"asyncpg.exceptions", "PostgreSQL", DatabaseError, always},
	{"Npgsql.", "PostgreSQL", DatabaseError, always},
	{"PostgresError", "PostgreSQL", DatabaseError, always},
	{"PostgresException", "PostgreSQL", DatabaseError, always},
	{"invalid input syntax for type", "PostgreSQL", DatabaseError, always},
	{"invalid input syntax for integer", "PostgreSQL", DatabaseError, always},
	{"each UNION query must have the same number", "PostgreSQL", DatabaseError, always},
	{"must be type boolean, not type", "PostgreSQL", DatabaseError, always},
	{"operator does not exist: ", "PostgreSQL", DatabaseError, always},
	{"violates foreign key constraint", "PostgreSQL", DatabaseError, always},
	{"violates unique constraint", "PostgreSQL", DatabaseError, always},
	{"violates not-null constraint", "PostgreSQL", DatabaseError, always},
	{"scanner_yyerror", "PostgreSQL", DatabaseError, always},
	{"\"severity\":\"ERROR\"", "PostgreSQL", DatabaseError, half},
	{"\"routine\":\"", "PostgreSQL", DatabaseError, half},
	{"relation \\\"", "PostgreSQL", DatabaseError, half},
	{"relation \"", "PostgreSQL", DatabaseError, half},
	{"column \\\"", "PostgreSQL", DatabaseError, half},
	{"\\\" does not exist", "PostgreSQL", DatabaseError, half},
	{"\" does not exist", "PostgreSQL", DatabaseError, half},
	{"\"code\":\"42P0", "PostgreSQL", DatabaseError, inError},
	{"\"code\":\"42703", "PostgreSQL", DatabaseError, inError},
	{"\"code\":\"42601", "PostgreSQL", DatabaseError, inError},
	{"\"code\":\"22P02", "PostgreSQL", DatabaseError, inError},
	{"\"code\":\"PGRST", "PostgREST", DatabaseError, inError},
	// MySQL and MariaDB
	{"You have an error in your SQL syntax", "MySQL", DatabaseError, always},
	{"corresponds to your MySQL", "MySQL", DatabaseError, always},
	{"corresponds to your MariaDB", "MariaDB", DatabaseError, always},
	{"mysql_fetch_", "MySQL", DatabaseError, always},
	{"mysqli_", "MySQL", DatabaseError, always},
	{"com.mysql.", "MySQL", DatabaseError, always},
	{"org.mariadb.", "MariaDB", DatabaseError, always},
	{"MySQLSyntaxError", "MySQL", DatabaseError, always},
	{"MySqlException", "MySQL", DatabaseError, always},
	{"MySQLdb.", "MySQL", DatabaseError, always},
	{"pymysql.err", "MySQL", DatabaseError, always},
	{"mysql.connector.errors", "MySQL", DatabaseError, always},
	{"Mysql2::Error", "MySQL", DatabaseError, always},
	{"ER_PARSE_ERROR", "MySQL", DatabaseError, always},
	{"ER_BAD_FIELD_ERROR", "MySQL", DatabaseError, always},
	{"ER_NO_SUCH_TABLE", "MySQL", DatabaseError, always},
	{"ER_DUP_ENTRY", "MySQL", DatabaseError, always},
	{"\"sqlMessage\"", "MySQL", DatabaseError, always},
	{"The used SELECT statements have a different", "MySQL", DatabaseError, always},
	{"XPATH syntax error: ", "MySQL", DatabaseError, always},
	{"Unknown column '", "MySQL", DatabaseError, half},
	{"' in 'where clause'", "MySQL", DatabaseError, half},
	{"' in 'field list'", "MySQL", DatabaseError, half},
	{"' in 'order clause'", "MySQL", DatabaseError, half},
	{"Duplicate entry '", "MySQL", DatabaseError, half},
	{"' for key '", "MySQL", DatabaseError, half},
	// Microsoft SQL Server
	{"Unclosed quotation mark ", "SQL Server", DatabaseError, always},
	{"Incorrect syntax near ", "SQL Server", DatabaseError, always},
	{"Microsoft OLE DB Provider for SQL Server", "SQL Server", DatabaseError, always},
	{"[SQL Server]", "SQL Server", DatabaseError, always},
	{"System.Data.SqlClient", "SQL Server", DatabaseError, always},
	{"Microsoft.Data.SqlClient", "SQL Server", DatabaseError, always},
	{"SQLServerException", "SQL Server", DatabaseError, always},
	{"Conversion failed when converting", "SQL Server", DatabaseError, always},
	{"Invalid column name '", "SQL Server", DatabaseError, always},
	{"Invalid object name '", "SQL Server", DatabaseError, always},
	{"All queries combined using a UNION", "SQL Server", DatabaseError, always},
	// Oracle
	{"quoted string not properly terminated", "Oracle", DatabaseError, always},
	{"SQL command not properly ended", "Oracle", DatabaseError, always},
	{"oracle.jdbc", "Oracle", DatabaseError, always},
	{"OracleException", "Oracle", DatabaseError, always},
	{"cx_Oracle.", "Oracle", DatabaseError, always},
	{"oracledb.", "Oracle", DatabaseError, inError},
	{"ORA-00933", "Oracle", DatabaseError, always},
	{"ORA-00942", "Oracle", DatabaseError, always},
	{"ORA-00904", "Oracle", DatabaseError, always},
	{"ORA-00907", "Oracle", DatabaseError, always},
	{"ORA-00936", "Oracle", DatabaseError, always},
	{"ORA-01722", "Oracle", DatabaseError, always},
	{"ORA-01756", "Oracle", DatabaseError, always},
	{"ORA-01789", "Oracle", DatabaseError, always},
	{"ORA-06512", "Oracle", DatabaseError, always},
	// SQLite
	{"SQLITE_ERROR", "SQLite", DatabaseError, always},
	{"SQLITE_CONSTRAINT", "SQLite", DatabaseError, always},
	{"sqlite3.", "SQLite", DatabaseError, beforeException},
	{"SQLite3::", "SQLite", DatabaseError, always},
	{"SqliteError", "SQLite", DatabaseError, always},
	{"System.Data.SQLite", "SQLite", DatabaseError, always},
	{"Microsoft.Data.Sqlite", "SQLite", DatabaseError, always},
	{"org.sqlite.", "SQLite", DatabaseError, always},
	{"unrecognized token: ", "SQLite", DatabaseError, always},
	{"no such table: ", "SQLite", DatabaseError, always},
	{"no such column: ", "SQLite", DatabaseError, always},
	{"\": syntax error", "SQLite", DatabaseError, always},
	{"SELECTs to the left and right of", "SQLite", DatabaseError, always},
	// MongoDB
	{"MongoError", "MongoDB", DatabaseError, always},
	{"MongoServerError", "MongoDB", DatabaseError, always},
	{"MongoDB.Driver", "MongoDB", DatabaseError, always},
	{"com.mongodb.", "MongoDB", DatabaseError, always},
	{"pymongo.errors", "MongoDB", DatabaseError, always},
	{"E11000 duplicate key error", "MongoDB", DatabaseError, always},
	{"unknown operator: $", "MongoDB", DatabaseError, always},
	{"unknown top level operator", "MongoDB", DatabaseError, always},
	{"BSONTypeError", "MongoDB", DatabaseError, always},
	{"Cast to ObjectId failed", "MongoDB", DatabaseError, always},
	// others
	{"DB2 SQL error", "DB2", DatabaseError, always},
	{"SQLCODE=-", "DB2", DatabaseError, always},
	{"com.ibm.db2", "DB2", DatabaseError, always},
	{"[IBM][CLI Driver]", "DB2", DatabaseError, always},
	{"[SQLCODE: <", "InterSystems IRIS", DatabaseError, always},
	{"Syntax error in SQL statement", "H2", DatabaseError, always},
	{"org.h2.jdbc", "H2", DatabaseError, always},
	{"JdbcSQLSyntax", "H2", DatabaseError, always},
	{"org.hsqldb.", "HSQLDB", DatabaseError, always},
	{"org.apache.derby", "Derby", DatabaseError, always},
	{"search_phase_execution_exception", "Elasticsearch", DatabaseError, always},
	{"com.datastax.", "Cassandra", DatabaseError, always},
	{"SequelizeDatabaseError", "Sequelize", DatabaseError, always},
	{"SequelizeUniqueConstraint", "Sequelize", DatabaseError, always},
	{"QueryFailedError", "TypeORM", DatabaseError, always},
	{"PrismaClient", "Prisma", DatabaseError, beforeException},
	{"Invalid `prisma.", "Prisma", DatabaseError, always},
	{"sqlalchemy.exc", "SQLAlchemy", DatabaseError, always},
	{"https://sqlalche.me/e/", "SQLAlchemy", DatabaseError, always},
	{"django.db.utils", "Django", DatabaseError, always},
	{"ActiveRecord::", "Rails", DatabaseError, always},
	{"Doctrine\\DBAL", "Doctrine", DatabaseError, always},
	{"Doctrine\\\\DBAL", "Doctrine", DatabaseError, always},
	{"SQLSTATE[", "PDO", DatabaseError, always},
	{"PDOException", "PDO", DatabaseError, always},
	{"(SQLSTATE ", "PostgreSQL", DatabaseError, always},
	{"org.hibernate.", "Hibernate", DatabaseError, always},
	{"HibernateException", "Hibernate", DatabaseError, always},
	{"could not execute query", "Hibernate", DatabaseError, inError},
	{"could not execute statement", "Hibernate", DatabaseError, inError},
	{"could not extract ResultSet", "Hibernate", DatabaseError, inError},
	{"JDBC exception executing SQL", "Hibernate", DatabaseError, always},
	{"SQLGrammarException", "Hibernate", DatabaseError, always},
	{"bad SQL grammar", "JDBC", DatabaseError, always},
	{"StatementCallback; ", "JDBC", DatabaseError, always},
	{"java.sql.", "JDBC", DatabaseError, beforeException},
	{"javax.persistence.", "JPA", DatabaseError, beforeException},
	{"jakarta.persistence.", "JPA", DatabaseError, beforeException},
	{"\"sql\":\"SELECT ", "SQL", DatabaseError, inError},
	{"\"sql\":\"select ", "SQL", DatabaseError, inError},
	{"\"query\":\"SELECT ", "SQL", DatabaseError, inError},
	{"\"sqlState\"", "SQL", DatabaseError, inError},
	{"][ODBC ", "ODBC", DatabaseError, inError},
}

import http from "node:http";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const escaped = (text) => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

http
  .createServer(async (_, response) => {
    try {
      const { rows } = await pool.query("SELECT text FROM notes ORDER BY pinned DESC, id LIMIT 100");
      response.setHeader("Content-Type", "text/html; charset=utf-8");
      response.end(`<h1>Notes</h1><ul>${rows.map((r) => `<li>${escaped(r.text)}</li>`).join("")}</ul>`);
    } catch (error) {
      console.error(error);
      response.writeHead(500).end("no notes\n");
    }
  })
  .listen(8000);

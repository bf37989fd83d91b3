import { createStore } from "@cuitty/persist";
import Database from "better-sqlite3";
import fs from "node:fs";
const dur = (process.argv[2] ?? "relaxed") as "relaxed"|"full";
fs.rmSync("/tmp/q", { recursive: true, force: true });
const store = await createStore({ name: "q", path: "/tmp/q/a.db", durability: dur });
const hs = await createStore({ name: "q", path: "/tmp/q/h.db", durability: dur }); await hs.kv.set("x",1);
const db = new Database("/tmp/q/h.db"); db.pragma("journal_mode=WAL"); db.pragma("synchronous="+(dur==="full"?"FULL":"NORMAL"));
const N=500; const keys=Array.from({length:N},(_,i)=>"k"+String(i).padStart(5,"0")); const val={a:1,b:"hello world this is a value",c:[1,2,3]};
const up=db.prepare("insert into kv(namespace,key,value,version,created_at,updated_at,expires_at,seq) values(?,?,?,?,?,?,?,?) on conflict(namespace,key) do update set value=excluded.value,version=excluded.version,updated_at=excluded.updated_at,expires_at=excluded.expires_at,seq=excluded.seq");
const g=db.prepare("select value,version,expires_at from kv where namespace=? and key=?");
const sc=db.prepare("select key,value,version,expires_at from kv where namespace=? and key>=? and key<? order by key limit ?");
let q=100;
const R:Record<string,number[]>={}; const add=(n:string,t:number,c:number)=>{(R[n]??=[]).push(t/c*1000)};
const S=dur==="full"?100:500;
for(let r=0;r<15;r++){
 let t=performance.now(); for(let i=0;i<S;i++) {const k=keys[i]!; const n=Date.now(); up.run("",k,JSON.stringify(val),"abc-"+q,n,n,null,++q);} add("hand set",performance.now()-t,S);
 t=performance.now(); for(let i=0;i<S;i++) await store.kv.set(keys[i]!,val); add("set",performance.now()-t,S);
 t=performance.now(); for(let j=0;j<4;j++) await Promise.all(keys.map(k=>store.kv.set(k,val))); add("set500",performance.now()-t,4*N);
 t=performance.now(); for(let j=0;j<4;j++) for(const k of keys){const r=g.get("",k) as any; if(r.expires_at!==null&&r.expires_at<=Date.now())throw 1; JSON.parse(r.value)} add("hand get",performance.now()-t,4*N);
 t=performance.now(); for(let j=0;j<4;j++) for(const k of keys) await store.kv.get(k); add("get",performance.now()-t,4*N);
 t=performance.now(); for(let j=0;j<4;j++) for(const r of sc.all("","k","l",1000) as any[]) JSON.parse(r.value); add("hand scan",performance.now()-t,4*N);
 t=performance.now(); for(let j=0;j<4;j++) for await(const e of store.kv.list({prefix:"k"})) e; add("scan",performance.now()-t,4*N);
 t=performance.now(); for(let j=0;j<4;j++) await store.kv.list({prefix:"k"}).toArray(); add("scan toArray",performance.now()-t,4*N);
}
const m=(n:string)=>R[n]!.sort((a,b)=>a-b)[7]!;
for(const n in R) console.log(n.padEnd(14),m(n).toFixed(2)+" us");
console.log("set",(m("hand set")/m("set")).toFixed(2),"set500",(m("hand set")/m("set500")).toFixed(2),"get",(m("hand get")/m("get")).toFixed(2),"scan",(m("hand scan")/m("scan")).toFixed(2),"toArray",(m("hand scan")/m("scan toArray")).toFixed(2));
await store.close();

import { createStore, memory } from "@cuitty/persist-core";
import { createStore as cs } from "@cuitty/persist";
import fs from "node:fs";
fs.rmSync("/tmp/q3", { recursive: true, force: true });
const keys=Array.from({length:500},(_,i)=>"k"+String(i).padStart(5,"0")); const val={a:1,b:"hello world this is a value",c:[1,2,3]};
const txt=JSON.stringify(val); const f=async(k:string)=>JSON.parse(txt);
const mem = await createStore({ name: "q", adapter: memory() }); 
const sq = await cs({ name: "q", path: "/tmp/q3/a.db", durability: "relaxed" }); 
for(const s of [mem,sq]) await s.kv.setMany(keys.map(k=>[k,val]));
const db=sq.raw<any>(); const st=db.prepare("select value,version,expires_at from kv where namespace=? and key=?"); const sc=db.prepare("select key,value,version,expires_at from kv where namespace=? and key>=? and key<? order by key limit ?");
const up=db.prepare("insert into kv(namespace,key,value,version,created_at,updated_at,expires_at,seq) values(?,?,?,?,?,?,?,?) on conflict(namespace,key) do update set value=excluded.value,version=excluded.version,updated_at=excluded.updated_at,expires_at=excluded.expires_at,seq=excluded.seq");
let q=1000;
const W:Record<string,()=>Promise<void>>={
 base: async()=>{for(const k of keys) await f(k)},
 memget: async()=>{for(const k of keys) await mem.kv.get(k)},
 handget: async()=>{for(const k of keys) {const r=st.get("",k); if(r.expires_at!==null&&r.expires_at<=Date.now())throw 1; JSON.parse(r.value)}},
 sqget: async()=>{for(const k of keys) await sq.kv.get(k)},
 handscan: async()=>{const a:any[]=[];for(const r of sc.all("","k","l",1000)) {if(r.expires_at!==null&&r.expires_at<=Date.now())throw 1;a.push({key:r.key,value:JSON.parse(r.value),version:r.version})}},
 sqscan: async()=>{for await(const e of sq.kv.list({prefix:"k"})) e},
 sqtoArray: async()=>{await sq.kv.list({prefix:"k"}).toArray()},
 handset: async()=>{for(let i=0;i<100;i++) {const k=keys[i]!;const n=Date.now();up.run("",k,JSON.stringify(val),"abcdefgh-"+q,n,n,null,++q)}},
 sqset: async()=>{for(let i=0;i<100;i++) await sq.kv.set(keys[i]!,val)},
 sqset500: async()=>{await Promise.all(keys.map(k=>sq.kv.set(k,val)))},
 memset500: async()=>{await Promise.all(keys.map(k=>mem.kv.set(k,val)))},
};
const R:Record<string,number[]>={};
for(let r=0;r<31;r++) for(const n in W){ const u=process.cpuUsage(); const c=n.endsWith("dset")||n==="sqset"?100:500; let reps=n.includes("set")?2:4; for(let i=0;i<reps;i++) await W[n]!(); const d=process.cpuUsage(u); (R[n]??=[]).push((d.user+d.system)/reps/c) }
const m=(n:string)=>R[n]!.sort((a,b)=>a-b)[Math.floor(R[n]!.length*0.3)]!;
console.log(Object.keys(R).map(n=>n+" "+m(n).toFixed(2)).join("  "));
console.log("get",(m("handget")/m("sqget")).toFixed(2),"scan",(m("handscan")/m("sqscan")).toFixed(2),"toArray",(m("handscan")/m("sqtoArray")).toFixed(2),"set",(m("handset")/m("sqset")).toFixed(2),"set500",(m("handset")/m("sqset500")).toFixed(2));
await sq.close();

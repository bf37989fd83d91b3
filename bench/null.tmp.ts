import { createStoreOver } from "../packages/persist-core/src/store.ts";
import { createMemoryEngine } from "../packages/persist-core/src/memory/engine.ts";
import { createState } from "../packages/persist-core/src/memory/state.ts";
const engine={...createMemoryEngine(createState())};
const row={key:"a",value:'{"a":1,"b":"hello world this is a value","c":[1,2,3]}',version:"x",createdAt:0,updatedAt:0};
engine.read=(s:any,keys:any)=>[row]; const ans=[{}]; engine.commit=(l:any,o:any)=>l.map(()=>({outcome:"applied",time:1,answers:ans}));
const s=createStoreOver({name:"x",engine:engine as any,now:Date.now,closeAdapter:async()=>{}});
const keys=Array.from({length:500},(_,i)=>"k"+String(i).padStart(5,"0")); const val={a:1,b:"hello world this is a value",c:[1,2,3]};
const txt=JSON.stringify(val);
const W:Record<string,()=>Promise<void>>={
 parse: async()=>{for(const k of keys) JSON.parse(txt)}, stringify: async()=>{for(const k of keys) JSON.stringify(val)},
 get: async()=>{for(const k of keys) await s.kv.get(k)},
 set: async()=>{for(const k of keys) await s.kv.set(k,val)},
 set500: async()=>{await Promise.all(keys.map(k=>s.kv.set(k,val)))},
};
const only=process.argv[2];
const R:Record<string,number[]>={};
for(let r=0;r<60;r++) for(const n in W){ if(only&&n!==only)continue; const u=process.cpuUsage(); const reps=only?60:8; for(let i=0;i<reps;i++) await W[n]!(); const d=process.cpuUsage(u); (R[n]??=[]).push((d.user+d.system)/reps/500) }
const m=(n:string)=>R[n]!.sort((a,b)=>a-b)[Math.floor(R[n]!.length*0.3)]!;
console.log(Object.keys(R).map(n=>n+" "+m(n).toFixed(2)).join("  "));

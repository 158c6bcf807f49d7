import { pipeline, step } from "@runsheet/runsheet";

const reserve = step({
  name: "reserve",
  run: (ctx) => ({ slot: ctx.day * 10 }),
  rollback: (_ctx, { slot }) => console.log(`freed ${slot}`),
});
const notify = step({
  name: "notify",
  run: ({ slot }) => {
    if (slot > 20) throw new Error("offline");
  },
});
const booking = pipeline({ name: "booking", steps: [reserve, notify] });

for (const day of [1, 3]) {
  const result = await booking.run({ day });
  console.log(result.success ? `booked ${result.data.slot}` : result.error.message);
}

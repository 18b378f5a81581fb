"""The emulated Confluence on its first day: two sites, four spaces, the same for the same clock."""

from telamon.plugin import World
from telamon_confluence.sandbox.planting import Planter
from telamon_confluence.sandbox.seed_demo import plant_documentation
from telamon_confluence.sandbox.seed_teams import plant_handbook, plant_notes, plant_private
from telamon_confluence.sandbox.site import SiteState


def seeded(world: World) -> dict[str, SiteState]:
    """Return the state of every site of *world*, by cloud id."""
    start = world.now()
    states: dict[str, SiteState] = {}
    for at, site in enumerate(world.sites):
        state = SiteState(site=site, people=world.people, clock=world.now)
        planter = Planter(state=state, first=world.people[0], second=world.people[-1], start=start)
        if at == 0:
            plant_documentation(planter)
            plant_handbook(planter)
            plant_private(planter)
        else:
            plant_notes(planter)
        states[site.cloud_id] = state
    return states

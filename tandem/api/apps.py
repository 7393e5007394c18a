from tandem.kernel.rooms import Room


class ApiConfig(Room):
    name = "tandem.api"
    label = "api"

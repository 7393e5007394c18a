from tandem.kernel.rooms import Room


class WebConfig(Room):
    name = "tandem.web"
    label = "web"
    loads = ("views",)

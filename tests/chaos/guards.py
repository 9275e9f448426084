def switch_off(name):
    pass

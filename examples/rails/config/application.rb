require_relative "boot"
require "rails"
require "active_record/railtie"
require "action_controller/railtie"

module Notes
  class Application < Rails::Application
    config.load_defaults 8.0
    config.eager_load = false
    config.secret_key_base = ENV.fetch("SECRET_KEY_BASE", "not a secret")
    # A preview's host name; offshoot sets it in every service.
    config.hosts << ENV["OFFSHOOT_HOST"] if ENV["OFFSHOOT_HOST"]
  end
end

class NotesController < ActionController::Base
  def index
    items = Note.order(pinned: :desc, id: :asc).limit(100).map { |note| helpers.tag.li(note.text) }
    render html: helpers.tag.h1("Notes") + helpers.tag.ul(helpers.safe_join(items))
  end
end

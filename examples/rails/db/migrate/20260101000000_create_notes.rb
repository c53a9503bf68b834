class CreateNotes < ActiveRecord::Migration[8.0]
  def change
    create_table :notes do |t|
      t.string :author, null: false
      t.text :text, null: false
    end
  end
end

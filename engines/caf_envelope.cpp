#include "engines/caf_envelope.hpp"

#include <caf/make_message.hpp>
#include <caf/message_id.hpp>

namespace caesura {

EnvelopeElement::EnvelopeElement(EnvelopePool* pool)
    : mailbox_element(nullptr, caf::make_message_id(), {}),
      tuple_vals_impl(Envelope{}),
      pool_(pool) {}

EnvelopeElement::~EnvelopeElement() = default;

caf::message EnvelopeElement::copy_content_to_message() const {
  return caf::make_message(envelope());
}

void EnvelopeElement::request_deletion(bool) const noexcept {
  auto* self = const_cast<EnvelopeElement*>(this);  // as CAF's own `delete this` does
  if (pool_ != nullptr)
    pool_->put_back(*self);
  else
    delete self;
}

caf::mailbox_element_ptr make_element(const Envelope& envelope) {
  auto* element = new EnvelopeElement(nullptr);
  element->envelope() = envelope;
  return caf::mailbox_element_ptr(element);
}

}  // namespace caesura

#pragma once

#include "sim/time.hpp"
#include "actors/context.hpp"
#include "actors/messages.hpp"

#include <caf/detail/tuple_vals.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>
#include <caf/type_erased_tuple.hpp>

#include <cstddef>
#include <deque>
#include <tuple>
#include <typeinfo>

namespace caesura {

/// The one CAF message type that hosts are sent. All but the message is for real time: in virtual
/// time the queue knows it.
struct Envelope {
  Address to;
  Time due{};  ///< may be delivered later
  Order order = 0;
  Message message;
};

}  // namespace caesura

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caesura::Envelope)

namespace caesura {

class EnvelopePool;

/// A CAF message of one envelope: what CAF's make_mailbox_element() makes, but that its memory may
/// belong to a pool, to which it then returns as CAF disposes of it.
class EnvelopeElement final
    : public caf::mailbox_element,
      public caf::detail::tuple_vals_impl<caf::type_erased_tuple, Envelope> {
 public:
  explicit EnvelopeElement(EnvelopePool* pool);
  ~EnvelopeElement() override;

  Envelope& envelope() { return std::get<0>(data()); }
  const Envelope& envelope() const { return std::get<0>(data()); }

  caf::type_erased_tuple& content() override { return *this; }
  const caf::type_erased_tuple& content() const override { return *this; }
  caf::message move_content_to_message() override { return copy_content_to_message(); }
  caf::message copy_content_to_message() const override;
  void request_deletion(bool decremented) const noexcept override;

 private:
  EnvelopePool* const pool_;  ///< null: it is deleted
};

/// The envelope of an element, whoever made it; null if it is another message.
inline const Envelope* envelope_of(const caf::mailbox_element& element) {
  if (typeid(element) == typeid(EnvelopeElement))
    return &static_cast<const EnvelopeElement&>(element).envelope();
  return element.content().match_elements<Envelope>() ? &element.content().get_as<Envelope>(0)
                                                      : nullptr;
}

/// An element of one allocation. It may be disposed of in any thread.
caf::mailbox_element_ptr make_element(const Envelope& envelope);

/// Elements that are used again, the last one returned first, so that a world in its steady state
/// allocates no memory for messages. For one thread; outlives its elements.
class EnvelopePool {
 public:
  EnvelopePool() = default;
  EnvelopePool(const EnvelopePool&) = delete;
  EnvelopePool& operator=(const EnvelopePool&) = delete;

  /// An element whose envelope is as its last use has left it.
  EnvelopeElement& take() {
    if (free_ == nullptr) return elements_.emplace_back(this);
    auto* element = static_cast<EnvelopeElement*>(free_);
    free_ = element->next;
    return *element;
  }

  /// Elements in use, or free for use.
  std::size_t elements() const { return elements_.size(); }

 private:
  friend EnvelopeElement;

  void put_back(EnvelopeElement& element) {
    element.next = free_;
    free_ = &element;
  }

  std::deque<EnvelopeElement> elements_;
  /// A list, through the links that CAF's mailboxes use.
  caf::mailbox_element::node_pointer free_ = nullptr;
};

}  // namespace caesura

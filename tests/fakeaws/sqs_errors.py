# SPDX-License-Identifier: MIT
"""Errors of SQS in its JSON protocol."""

import json

QUERY_NAMES = {"QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
               "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
               "BatchEntryIdsNotDistinct": "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
               "InvalidBatchEntryId": "AWS.SimpleQueueService.InvalidBatchEntryId",
               "TooManyEntriesInBatchRequest":
                   "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
               "QueueNameExists": "QueueAlreadyExists",
               "ReceiptHandleIsInvalid": "ReceiptHandleIsInvalid",
               "RequestThrottled": "RequestThrottled"}
FRONT_END_TYPES = {"AccessDenied": "AccessDeniedException",
                   "InvalidParameterValue": "InvalidParameterValueException",
                   "MissingParameter": "MissingRequiredParameterException",
                   "InvalidAction": "UnknownOperationException",
                   "InvalidClientTokenId": "UnrecognizedClientException",
                   "SignatureDoesNotMatch": "InvalidSignatureException",
                   "ExpiredToken": "ExpiredTokenException",
                   "MissingAuthenticationToken": "MissingAuthenticationTokenException",
                   "IncompleteSignature": "IncompleteSignatureException"}


def render_error(error, _request_id):
    """The queues' own errors, or those of the layer in front of every service of this protocol,
    which spells `Message` with a capital letter."""
    if error.code in QUERY_NAMES:
        return json.dumps({"__type": f"com.amazonaws.sqs#{error.code}", "message": error.message})
    type_ = FRONT_END_TYPES.get(error.code, error.code)
    return json.dumps({"__type": f"com.amazon.coral.service#{type_}", "Message": error.message})


def error_headers(error):
    """The name that the error had in the older protocol, for clients that know only that."""
    fault = "Sender" if error.status < 500 else "Receiver"
    return [("x-amzn-query-error", f"{QUERY_NAMES.get(error.code, error.code)};{fault}")]

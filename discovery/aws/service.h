/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/service.h - the services of AWS that are called.
 */

#ifndef DISCOVERY_AWS_SERVICE_H
#define DISCOVERY_AWS_SERVICE_H

enum aws_service { AWS_EC2, AWS_AUTO_SCALING, AWS_SQS, AWS_STS, AWS_SERVICE_COUNT };

#endif
